variable "password" {
  default = "s3cret-desk"
}

instance "desk" {
  element = "freshdesk"

  configuration = {
    username  = "ops@example.com"
    password  = var.password
    subdomain = "example"
  }

  lifecycle {
    create_before_destroy = true
  }
}
