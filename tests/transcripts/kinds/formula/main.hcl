instance "desk" {
  element       = "freshdesk"
  configuration = { username = "ops@example.com", password = "s3cret-freshdesk", subdomain = "example" }
}

formula "greet" {
  description = "Says hello to a new contact"
  configuration = [
    { key = "desk", name = "Help desk", type = "elementInstance", required = true },
    { key = "greeting", name = "Greeting", type = "value" },
  ]
  triggers = [{ type = "event", onSuccess = ["say"], properties = { elementInstanceId = "$${desk}" } }]
  steps = [{
    name       = "say"
    type       = "script"
    properties = { body = "done({ text: config.greeting });", mimeType = "application/javascript" }
  }]
}

formula_instance "greet" {
  formula       = formula.greet.id
  configuration = { desk = instance.desk.id, greeting = "Hello" }
  settings      = { "notification.email" = "ops@example.com" }
}

output "formula" { value = formula.greet.id }
