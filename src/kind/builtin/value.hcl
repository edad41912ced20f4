kind "value" {
  description = "A value kept in the state; no API is asked" # no provider: the engine makes it itself

  attribute "input" { type = any }
  attribute "triggers_replace" {
    type    = any
    replace = true
  }
  computed "id" {
    type     = string
    generate = "uuid" # a new one at each create
  }
  computed "output" {
    type  = any
    value = object.input # over the object's other attributes
  }
}
