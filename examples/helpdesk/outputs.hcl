output "support_id" {
  value = instance.freshdesk.id
}

output "support_token" {
  description = "What an application sends as `Element …` to use the support desk."
  value       = instance.freshdesk.token
  sensitive   = true
}

output "ids" {
  value = {
    freshdesk   = instance.freshdesk.id
    autotask    = instance.autotask.id
    connectwise = instance.connectwise.id
  }
}
