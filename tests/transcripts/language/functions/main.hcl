locals {
  regions = ["europe", "asia"]
  title   = join(", ", [for region in local.regions : upper(region)])
}

instance "desk" {
  element = "freshdesk"
  name    = format("Desk of %s", local.title)

  configuration = {
    username  = "ops@example.com"
    password  = "s3cret-desk"
    subdomain = lookup({ eu = "europe" }, "eu", "none")
  }
  tags = toset(concat(local.regions, ["all"]))
}

output "banner" {
  value = templatefile("banner.tpl", { title = local.title, regions = local.regions })
}
