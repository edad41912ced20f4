# The state of a team, in a bucket: one lock for everybody, and the history of who did what.

isotope {
  backend "s3" {
    bucket = env("STATE_BUCKET")
    prefix = "helpdesk"
  }
}

provider "cloudelements" {
  base_url            = "emulator"
  user_secret         = "any"
  organization_secret = "any"
}

variable "password" {
  type      = string
  sensitive = true
  default   = "not-a-secret"
}

instance "support" {
  element = "freshdesk"
  name    = "Support desk"

  configuration = {
    username  = "ops@example.com"
    password  = var.password
    subdomain = "example"
  }
}

output "id" {
  value = instance.support.id
}
