import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * grpc-java in the hands of a test: opens what it is told on standard input over one channel, and
 * writes what happens as lines of JSON.
 */
public final class Client {
  private static final MethodDescriptor.Marshaller<byte[]> RAW =
      new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] message) {
          return new ByteArrayInputStream(message);
        }

        @Override
        public byte[] parse(InputStream stream) {
          try {
            return stream.readAllBytes();
          } catch (IOException error) {
            throw new UncheckedIOException(error);
          }
        }
      };

  private static synchronized void tell(String line) {
    System.out.println(line);
    System.out.flush();
  }

  private static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replaceAll("\\s", " ") + '"';
  }

  private static final class Teller extends ClientCall.Listener<byte[]> {
    private final ClientCall<byte[], byte[]> call;
    private final String of;

    Teller(ClientCall<byte[], byte[]> call, String of) {
      this.call = call;
      this.of = of;
    }

    @Override
    public void onHeaders(Metadata headers) {
      StringBuilder all = new StringBuilder();
      for (String name : headers.keys()) {
        if (name.endsWith("-bin")) continue;
        String value = headers.get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
        all.append(all.length() == 0 ? "" : ",");
        all.append(quoted(name)).append(":[").append(quoted(value)).append(']');
      }
      tell("{\"event\":\"headers\",\"of\":" + quoted(of) + ",\"metadata\":{" + all + "}}");
    }

    @Override
    public void onMessage(byte[] message) {
      String bytes = Base64.getEncoder().encodeToString(message);
      tell("{\"event\":\"message\",\"of\":" + quoted(of) + ",\"bytes\":\"" + bytes + "\"}");
      call.request(1);
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      String text = status.getDescription() == null ? "" : status.getDescription();
      String code = ",\"code\":" + status.getCode().value();
      tell("{\"event\":\"end\",\"of\":" + quoted(of) + code + ",\"message\":" + quoted(text) + "}");
    }
  }

  private static ClientCall<byte[], byte[]> open(
      ManagedChannel channel, MethodDescriptor.MethodType type, String[] words, byte[] message) {
    MethodDescriptor<byte[], byte[]> method =
        MethodDescriptor.newBuilder(RAW, RAW)
            .setType(type)
            .setFullMethodName(words[2].substring(1))
            .build();
    boolean isUnary = type == MethodDescriptor.MethodType.UNARY;
    CallOptions options =
        isUnary ? CallOptions.DEFAULT.withDeadlineAfter(20, TimeUnit.SECONDS) : CallOptions.DEFAULT;
    ClientCall<byte[], byte[]> call = channel.newCall(method, options);
    call.start(new Teller(call, words[1]), new Metadata());
    call.request(isUnary ? 2 : 1);
    call.sendMessage(message);
    if (isUnary) call.halfClose();
    return call;
  }

  public static void main(String[] args) throws Exception {
    Map<String, String> options = new HashMap<>();
    for (int i = 0; i + 1 < args.length; i += 2) options.put(args[i].substring(2), args[i + 1]);
    String addr = options.get("addr");
    int colon = addr.lastIndexOf(':');
    InetSocketAddress to =
        new InetSocketAddress(
            addr.substring(0, colon), Integer.parseInt(addr.substring(colon + 1)));
    ManagedChannel channel =
        NettyChannelBuilder.forAddress(to)
            .overrideAuthority(options.get("server-name"))
            .sslContext(
                GrpcSslContexts.forClient()
                    .trustManager(new File(options.get("ca")))
                    .keyManager(new File(options.get("cert")), new File(options.get("key")))
                    .build())
            .keepAliveTime(10, TimeUnit.SECONDS)
            .keepAliveTimeout(5, TimeUnit.SECONDS)
            .build();
    Map<String, ClientCall<byte[], byte[]>> calls = new HashMap<>();
    tell("{\"event\":\"ready\",\"of\":\"\"}");
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] words = (line + "    ").split(" ", 5);
      byte[] message = Base64.getDecoder().decode(words[3].trim());
      switch (words[0]) {
        case "stream" ->
            calls.put(
                words[1], open(channel, MethodDescriptor.MethodType.BIDI_STREAMING, words, message));
        case "unary" -> open(channel, MethodDescriptor.MethodType.UNARY, words, message);
        case "send" -> calls.get(words[1]).sendMessage(message);
        case "half-close" -> calls.get(words[1]).halfClose();
        case "cancel" -> calls.get(words[1]).cancel("the test says so", null);
        case "quit" -> {
          channel.shutdownNow();
          return;
        }
        default -> throw new IllegalArgumentException(line);
      }
    }
    channel.shutdownNow();
  }
}
