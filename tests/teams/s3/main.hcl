isotope {
  backend "s3" {
    bucket = env("STATE_BUCKET")
    prefix = "support"
    lease  = "2s"
  }
}

variable "password" {
  type      = string
  sensitive = true
  default   = "s3cret-desk"
}

instance "desk" {
  element = "freshdesk"

  configuration = {
    username  = "ops@example.com"
    password  = var.password
    subdomain = "example"
  }
}
