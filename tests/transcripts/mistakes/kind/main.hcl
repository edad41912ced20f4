instanse "a" {
  element = "freshdesk"
}
