account "one" { external_id = "one" }
account "two" { external_id = "two" }

user "ann" {
  account    = account.one.id
  email      = "ann@example.com"
  first_name = "Ann"
  last_name  = "Example"
}

formula "a" {}
formula "b" {}

formula_instance "work" { formula = formula.a.id }

object_definition "contact" {
  account = account.one.id
  fields  = [{ path = "email", type = "string" }]
}
