value "count" {
  input = 2
}

value "part" {
  count = value.count.input
  input = count.index
}

module "all" {
  source     = "./all"
  depends_on = [value.part]
}

output "elements" {
  value = module.all.number
}
