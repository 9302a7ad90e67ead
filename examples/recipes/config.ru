run ->(_env) { [200, { 'content-type' => 'text/plain' }, ["puma v1\n"]] }
