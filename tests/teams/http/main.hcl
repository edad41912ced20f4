isotope {
  backend "http" {
    address      = env("STATE_ADDRESS")
    lock_address = env("STATE_ADDRESS")
    username     = "ann"
    password     = env("STATE_PASSWORD")
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
