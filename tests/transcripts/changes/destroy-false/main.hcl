value "a" {
  triggers_replace = 1

  lifecycle {
    destroy = false
  }
}
