bind 'tcp://0.0.0.0:8106'
rackup '/srv/recipes/current/config.ru'
# A thread reads the request of each connection that was accepted. A queue would be closed at a stop.
queue_requests false
