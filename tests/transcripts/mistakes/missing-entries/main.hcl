instance "support" {
  element = "freshdesk"
}
