variable "element" {
  default = "freshdesk"
}

instance "desk" {
  element = var.element

  configuration = {
    username  = "ops@example.com"
    password  = "s3cret-desk"
    subdomain = "example"
  }

  lifecycle {
    create_before_destroy = true
  }
}

value "uses" {
  input = instance.desk.id
}
