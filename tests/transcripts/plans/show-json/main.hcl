variable "element" {
  default = "freshdesk"
}

instance "a" {
  element = var.element

  configuration = {
    username  = "ops@example.com"
    password  = "s3cret-a"
    subdomain = "example"
  }
}

value "b" {
  input = instance.a.id
}
