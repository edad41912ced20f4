freshdesk   = { username = "ops@example.com", subdomain = "example" }
autotask    = { username = "ops@example.com", server_url = "https://webservices.autotask.example/atservices/1.5" }
connectwise = { username = "ops", server_url = "https://connectwise.example", company = "example" }

# Good enough for the emulator. Real ones: isotope apply -var-file=secret.vars.hcl, a file that is not committed.
freshdesk_password   = "not-a-secret-1"
autotask_password    = "not-a-secret-2"
connectwise_password = "not-a-secret-3"
