module bench/peers

go 1.24

require (
	github.com/cloudflare/tableflip v1.2.3
	github.com/gorilla/websocket v1.5.3
)
