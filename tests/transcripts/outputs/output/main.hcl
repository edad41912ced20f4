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

output "id" {
  value = instance.support.id
}

output "login" {
  value = { user = "ops@example.com", tags = ["a", "b"] }
}

output "password" {
  value     = var.freshdesk_password
  sensitive = true
}
