variable "password" {
  sensitive = true
  default   = "s3cret-desk"
}

variable "note" {
  default = "ask @ann, see #12"
}

instance "desk" {
  for_each = toset(["eu", "us"])
  element  = "freshdesk"

  configuration = {
    username  = "ops@example.com"
    password  = var.password
    subdomain = "example-${each.key}"
  }
}

value "note" {
  input = { text = var.note, script = "one\n```\ntwo\n" }
}

value "kept" {
  input = "kept"
}
