variable "db_password" {
  type      = string
  sensitive = true
  default   = "hunter2-initial"
}

variable "instances" {
  type = map(object({
    element = string
    config  = map(string)
    events  = object({ enabled = bool, poll_seconds = number })
    tags    = list(string)
  }))
  default = {
    salesforce = {
      element = "sfdc"
      config = {
        "filter.response.nulls" = "true"
        "oauth.api.key"         = "abc"
        "oauth.callback.url"    = "https://cb.example.com"
      }
      events = { enabled = true, poll_seconds = 60 }
      tags   = ["prod", "crm", "eu"]
    }
    hubspot = {
      element = "hubspotcrm"
      config = {
        "oauth.api.key"      = "def"
        "oauth.callback.url" = "https://cb.example.com"
      }
      events = { enabled = false, poll_seconds = 300 }
      tags   = ["prod", "marketing"]
    }
    netsuite = {
      element = "netsuiteerpv2"
      config  = { accountId = "TSTDRV", "sso.roleId" = "3" }
      events  = { enabled = false, poll_seconds = 300 }
      tags    = ["finance"]
    }
  }
}

variable "filter" {
  default = "x.active"
}

value "instance" {
  for_each = var.instances
  input = {
    name     = each.key
    element  = each.value.element
    config   = each.value.config
    events   = each.value.events
    tags     = each.value.tags
    password = var.db_password
    script   = <<-EOT
      function transform(body) {
        // keep only the active${strcontains(var.filter, "billable") ? " and billable" : ""} ones
        let out = body.filter(x => ${var.filter});
        for (const o of out) {
          o.source = "${each.key}";
        }
        return out;
      }
    EOT
  }
}

value "formula" {
  input = {
    steps = ["fetch", "map", "store"]
    uses  = [for instance in value.instance : instance.id]
  }
  triggers_replace = { version = 1 }
}

value "gone" {
  input = { a = 1, nested = { b = [1, 2, 3] } }
}

value "old_name" {
  input = "legacy"
}

output "ids" {
  value = { for name, instance in value.instance : name => instance.id }
}
