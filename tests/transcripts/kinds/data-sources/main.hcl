data "formula" "greet" { name = "greet" }

data "formula_instances" "greet" { formula = data.formula.greet.id }

data "accounts" "all" {}

data "user" "ann" { email = "ann@example.com" }

data "object_definition" "contact" { name = "contact" }

data "object_definitions" "of_the_account" { account = 401 }

data "jobs" "all" {}

output "found" {
  value = {
    formula     = data.formula.greet.id
    running     = data.formula_instances.greet.ids
    accounts    = data.accounts.all.objects[*].external_id
    ann         = data.user.ann.roles
    contact     = data.object_definition.contact.fields[*].path
    definitions = data.object_definitions.of_the_account.ids
    jobs        = data.jobs.all.ids
  }
}
