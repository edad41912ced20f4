isotope {
  backend "postgres" {
    conn_str = env("PG_CONN_STR")
    schema   = "support"
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
