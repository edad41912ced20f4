provider "cloudelements" {
  alias = "crm"
}

variable "password" {
  type      = string
  sensitive = true
  default   = "s3cret-support"
}

instance "support_desk" {
  provider = cloudelements.crm
  element  = "freshdesk"
  configuration = {
    username  = "ops@example.com"
    password  = var.password
    subdomain = "support"
  }
  name = "Support desk"
}

formula "template" {
  provider = cloudelements.crm
  name     = "greet"
  configuration = [
    { key = "desk", name = "Help desk", type = "elementInstance", required = true },
  ]
}
