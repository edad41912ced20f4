instance "desk" {
  element = "freshdesk"
  configuration = {
    username  = "ops@example.com"
    password  = "s3cret-freshdesk"
    subdomain = "example"
  }
}

data "instance" "desk" {
  id = instance.desk.id
}

data "instances" "all" {
  element    = "freshdesk"
  depends_on = [instance.desk]
}

value "report" {
  input = "${data.instance.desk.name}, ${length(data.instances.all.ids)} in all"
}

output "report" {
  value = value.report.output
}
