module "crm" {
  for_each = toset(["eu", "us"])
  source   = "./desk"
  region   = each.key
}

output "ids" {
  value = { for key, crm in module.crm : key => crm.id }
}
