variable "freshdesk_password" {
  type      = string
  sensitive = true
  default   = "s3cret-freshdesk"
}

instance "support" {
  element = "freshdesk"
  name    = "Support desk"

  configuration = {
    username  = "ops@example.com"
    password  = var.freshdesk_password
    subdomain = "example"
  }
  tags = ["helpdesk"]
}

output "token" {
  value     = instance.support.token
  sensitive = true
}
