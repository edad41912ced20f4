module "desk" {
  source   = "./desk"
  for_each = toset(["Support desk", "Sales desk"])
  name     = each.key
}

output "subdomains" {
  value = { for name, desk in module.desk : name => desk.subdomain }
}
