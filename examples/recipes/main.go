package main

import (
	"context"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/coreos/go-systemd/v22/daemon"
)

func main() {
	listeners, err := activation.Listeners()
	if err != nil || len(listeners) != 1 {
		log.Fatal("want one socket, got ", len(listeners), " ", err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "go v1\n")
	})}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	drained := make(chan struct{})
	go func() {
		<-stop
		server.Shutdown(context.Background())
		close(drained)
	}()
	go daemon.SdNotify(false, daemon.SdNotifyReady)
	if err := server.Serve(listeners[0]); err != http.ErrServerClosed {
		log.Fatal(err)
	}
	<-drained
}
