instance "a" {
  element = "freshdesk"

  configuration = {
    username  = "ops@example.com"
    password  = "s3cret-declared"
    subdomain = "example"
  }
}

value "copy" {
  input = nonsensitive(instance.a.configuration.subdomain)
}

output "password" {
  value     = instance.a.configuration.password
  sensitive = true
}
