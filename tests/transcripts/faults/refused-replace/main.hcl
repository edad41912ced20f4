variable "password" {
  default   = "s3cret-a"
  sensitive = true
}

instance "a" {
  element = "freshdesk"

  configuration = {
    username  = "ops@example.com"
    password  = var.password
    subdomain = "example"
  }
}
