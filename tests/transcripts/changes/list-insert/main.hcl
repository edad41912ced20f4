# Twelve steps; with `changed`, one more at the head and another method in the sixth.
variable "changed" {
  default = false
}

locals {
  first = {
    id         = 99
    name       = "step-new"
    type       = "script"
    properties = { body = "done(x);" }
    onSuccess  = ["step-0"]
    onFailure  = []
  }
  twelve = [for at in range(12) : {
    id   = at
    name = "step-${at}"
    type = "elementRequest"
    properties = {
      api    = "/contacts"
      method = var.changed && at == 5 ? "POST" : "GET"
      path   = "/p/${at}"
      retry  = "true"
    }
    onSuccess = ["step-${at + 1}"]
    onFailure = []
  }]
  formula = { name = "sync", steps = concat(var.changed ? [local.first] : [], local.twelve) }
  short = concat(
    [for at in range(12) : { id = at, name = "step-${at}", method = local.twelve[at].properties.method }],
    var.changed ? [{ id = 99, name = "step-new", method = "none" }] : [],
  )
}

value "json_string" {
  input = jsonencode(local.formula)
}

value "object" {
  input = local.formula
}

value "set" {
  input = toset(local.short)
}

value "yaml" {
  input = yamlencode(local.formula)
}
