variable "subdomain" {
  default = "example"
}

instance "desk" {
  count   = 3
  element = "freshdesk"

  configuration = {
    username  = "ops@example.com"
    password  = "s3cret-desk"
    subdomain = var.subdomain
  }
}
