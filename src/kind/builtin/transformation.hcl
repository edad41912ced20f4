kind "transformation" {
  description = "How an element's object becomes a common one, for the organization, an account or an instance"
  provider    = "cloudelements"

  collection = "%{if instance != null}/instances/${instance}%{else}%{if account != null}/accounts/${account}%{else}/organizations%{endif}/elements/${element}%{endif}/transformations"
  object     = "%{if instance != null}/instances/${instance}%{else}%{if account != null}/accounts/${account}%{else}/organizations%{endif}/elements/${element}%{endif}/transformations/${object}"
  key        = "object"
  import     = ["${element}/${object}", "accounts/${account}/${element}/${object}", "instances/${instance}/${object}"]

  attribute "object" { # an object_definition's name
    type      = string
    required  = true
    parent    = true
    at        = "objectName"
    refers_to = object_definition.name
  }
  attribute "element" { # the element's key; an instance has its own
    type      = string
    parent    = true
    refers_to = instance.element
  }
  attribute "account" {
    type      = number
    parent    = true
    refers_to = account.id
  }
  attribute "instance" {
    type      = number
    parent    = true
    refers_to = instance.id
  }
  attribute "vendor_name" { # the element's own name of the object
    type     = string
    required = true
    at       = "vendorName"
  }
  # Names inside these values are the API's own.
  attribute "fields" {
    type = list(object({
      path          = string
      vendorPath    = string
      type          = optional(string)
      vendorType    = optional(string)
      configuration = optional(list(map(any)))
    }))
    partial = true
  }
  attribute "configuration" { # what happens to fields that are not named: "passThrough", "remove", …
    type    = list(map(any))
    partial = true
  }
  attribute "script" {
    type    = map(any)
    partial = true
  }
  attribute "legacy" {
    type    = bool
    at      = "isLegacy"
    initial = false
  }
  computed "level" { type = string }

  create { request = "POST object" }
  update { request = "PUT object" }
  list {
    keys  = "object"
    empty = [404]
  }
  data {
    by     = ["object"]
    plural = "transformations"
  }
}
