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

instance "autotask" {
  element = "autotaskhelpdesk"

  configuration = {
    "helpdesk.autotask.username"   = "ops@example.com"
    "helpdesk.autotask.password"   = "s3cret-autotask"
    "helpdesk.autotask.server.url" = "https://webservices.autotask.example"
  }
}

instance "connectwise" {
  element = "connectwisehd"

  configuration = {
    "helpdesk.connectwise.username"   = "ops"
    "helpdesk.connectwise.password"   = "s3cret-connectwise"
    "helpdesk.connectwise.server.url" = "https://connectwise.example"
    "helpdesk.connectwise.company"    = "example"
  }
}

output "support_id" {
  value = instance.support.id
}

output "support_token" {
  value     = instance.support.token
  sensitive = true
}
