instance "second" {
  element = "freshdesk"
  name    = "After ${instance.first.id}"

  configuration = {
    username  = "ops@example.com"
    password  = "s3cret-second"
    subdomain = "example"
  }
}

instance "first" {
  element = "freshdesk"

  configuration = {
    username  = "ops@example.com"
    password  = "s3cret-first"
    subdomain = "example"
  }
}

output "both" {
  value = "${instance.first.id} and ${instance.second.id}"
}
