value "region" {
  input = "eu"
}

value "desk" {
  for_each = toset(["a", "b"])
  input    = [value.region.output, each.key]
}

module "crm" {
  source = "./desk"
  base   = value.region.output
}

value "report" {
  input            = [module.crm.done, value.region.output, values(value.desk)[*].id]
  triggers_replace = 1
}
