kind "object_definition" {
  description = "A common object: the fields that elements' objects are mapped to, of the organization, an account or an instance"
  provider    = "cloudelements"

  collection = "%{if instance != null}/instances/${instance}%{else}%{if account != null}/accounts/${account}%{else}/organizations%{endif}%{endif}/objects/definitions"
  object     = "%{if instance != null}/instances/${instance}%{else}%{if account != null}/accounts/${account}%{else}/organizations%{endif}%{endif}/objects/${name}/definitions"
  key        = "name"
  import     = ["${name}", "accounts/${account}/${name}", "instances/${instance}/${name}"]

  attribute "name" {
    type    = string
    default = block.key == null ? block.name : "${block.name}-${block.key}"
    replace = true
    parent  = true
    at      = "objectName"
  }
  attribute "account" { # an account's id; without it and `instance`, the organization's
    type      = number
    parent    = true
    refers_to = account.id
  }
  attribute "instance" { # an element instance's id
    type      = number
    parent    = true
    refers_to = instance.id
  }
  attribute "fields" {
    type = list(object({
      path        = string
      type        = string
      displayName = optional(string)
    }))
    partial = true
  }
  computed "level" { type = string }

  create { request = "POST object" }
  update { request = "PUT object" }
  list {
    keys  = "name"
    empty = [404]
  }
  data {
    by     = ["name"]
    plural = "object_definitions"
  }
}
