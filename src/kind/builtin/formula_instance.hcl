kind "formula_instance" {
  description = "A formula at work: values for the variables of its template"
  provider    = "cloudelements"
  collection  = "/formulas/${formula}/instances"
  import      = "${formula}/${id}"

  attribute "formula" { # the template's id
    type      = number
    required  = true
    parent    = true
    at        = "formula.id"
    refers_to = formula.id
  }
  attribute "name" {
    type    = string
    default = block.key == null ? block.name : "${block.name}-${block.key}"
  }
  attribute "active" {
    type    = bool
    initial = true
  }
  attribute "configuration" { # by the keys of the template's variables; element instances by their id
    type      = map(any)
    partial   = true
    text      = true
    refers_to = instance.id
    refers_if = anytrue([for variable in parent.configuration : variable.key == key && variable.type == "elementInstance"])
  }
  attribute "settings" { # "notification.email", "notification.webhook.url", "api", …
    type    = map(any)
    partial = true
    text    = true
  }
  computed "id" { type = number }
  computed "created_date" {
    type = string
    at   = "createdDate"
  }

  update { request = "PUT object" } # there is no PATCH
  list {
    empty = [404]
    page {
      size         = 200
      size_param   = "pageSize"
      token_param  = "nextPage"
      token_header = "elements-next-page-token"
    }
  }
  data { plural = "formula_instances" }
}
