import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;

class Server {
    static final byte[] ANSWER = ("HTTP/1.1 200 OK\r\ncontent-length: 8\r\nconnection: close\r\n\r\n"
        + "java v1\n").getBytes(StandardCharsets.US_ASCII);
    static volatile boolean stopping;

    public static void main(String[] arguments) throws Exception {
        // The socket on standard input.
        var listener = (ServerSocketChannel) System.inheritedChannel();
        listener.configureBlocking(false);
        var selector = Selector.open();
        listener.register(selector, SelectionKey.OP_ACCEPT);
        var main = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            stopping = true;
            selector.wakeup();
            try {
                main.join();
            } catch (InterruptedException ignored) {
            }
        }));
        new ProcessBuilder("systemd-notify", "--ready").inheritIO().start();
        // Closing it waits for the requests.
        try (var requests = Executors.newVirtualThreadPerTaskExecutor()) {
            while (!stopping) {
                selector.select(key -> {});
                // Another generation may have been faster.
                var connection = listener.accept();
                if (connection != null) requests.submit(() -> answer(connection));
            }
        }
    }

    static void answer(SocketChannel connection) {
        try (connection) {
            connection.read(ByteBuffer.allocate(65536));
            connection.write(ByteBuffer.wrap(ANSWER));
        } catch (IOException ignored) {
        }
    }
}
