# Three help desks, each an instance of an element of Cloud Elements.

isotope {
  backend "sled" { path = "../../state/helpdesk" }
}

provider "cloudelements" {
  base_url            = var.base_url
  user_secret         = var.user_secret
  organization_secret = var.organization_secret
}

instance "freshdesk" {
  element = "freshdesk"
  name    = "Support desk"

  configuration = {
    username  = var.freshdesk.username
    password  = var.freshdesk_password
    subdomain = var.freshdesk.subdomain
  }
  tags = ["helpdesk"]
}

instance "autotask" {
  element = "autotaskhelpdesk"
  name    = "Autotask Help Desk"

  configuration = {
    "helpdesk.autotask.username"   = var.autotask.username
    "helpdesk.autotask.password"   = var.autotask_password
    "helpdesk.autotask.server.url" = var.autotask.server_url
  }
  tags = ["helpdesk"]
}

instance "connectwise" {
  element = "connectwisehd"
  name    = "ConnectWise Help Desk"

  configuration = {
    "helpdesk.connectwise.username"   = var.connectwise.username
    "helpdesk.connectwise.password"   = var.connectwise_password
    "helpdesk.connectwise.server.url" = var.connectwise.server_url
    "helpdesk.connectwise.company"    = var.connectwise.company
  }
  tags = ["helpdesk"]
}
