import java.io.BufferedReader;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.eclipse.californium.elements.AddressEndpointContext;
import org.eclipse.californium.elements.Definition;
import org.eclipse.californium.elements.DtlsEndpointContext;
import org.eclipse.californium.elements.EndpointContext;
import org.eclipse.californium.elements.exception.EndpointMismatchException;
import org.eclipse.californium.elements.MapBasedEndpointContext;
import org.eclipse.californium.elements.MessageCallback;
import org.eclipse.californium.elements.RawData;
import org.eclipse.californium.elements.RelaxedDtlsEndpointContextMatcher;
import org.eclipse.californium.elements.config.Configuration;
import org.eclipse.californium.elements.util.StringUtil;
import org.eclipse.californium.scandium.DTLSConnector;
import org.eclipse.californium.scandium.config.DtlsConfig;
import org.eclipse.californium.scandium.config.DtlsConnectorConfig;
import org.eclipse.californium.scandium.dtls.DTLSContext;
import org.eclipse.californium.scandium.dtls.DTLSSession;
import org.eclipse.californium.scandium.dtls.ExtendedMasterSecretMode;
import org.eclipse.californium.scandium.dtls.Handshaker;
import org.eclipse.californium.scandium.dtls.MaxFragmentLengthExtension;
import org.eclipse.californium.scandium.dtls.ResumingClientHandshaker;
import org.eclipse.californium.scandium.dtls.ResumingServerHandshaker;
import org.eclipse.californium.scandium.dtls.SessionListener;
import org.eclipse.californium.scandium.dtls.cipher.CipherSuite;
import org.eclipse.californium.scandium.dtls.pskstore.AdvancedMultiPskStore;
import org.eclipse.californium.scandium.dtls.pskstore.AdvancedSinglePskStore;

/**
 * DTLS clients and servers on Scandium, many in one process, because a virtual machine starts slowly.
 *
 * Commands come on standard input, one a line; answers and events go to standard output, one a line, each behind the name that
 * the command gave. Data is hexadecimal.
 *
 *   suites                               version 3.14.0, suites 0xc0a8 0xc0a4 …
 *   server NAME port=P identity=I key=K …   NAME listening
 *   client NAME port=P identity=I key=K …   a handshake with 127.0.0.1:P
 *   say NAME HEX                         sends to the peer: for a server, whom it heard last
 *   close NAME                           sends close_notify there
 *   end NAME                             NAME ended
 *
 * A client with the setting session=FILE keeps its connections in the file when it ends, and resumes what is in there when it starts.
 *
 * Events: NAME established 0xc0a8 ems=true resumed=false, NAME received #1 HEX (a datagram, and its place in the line of them),
 * NAME alert LEVEL NUMBER DESCRIPTION (either way), NAME failed TEXT, NAME error TEXT (a command could not be carried out).
 */
public final class ScandiumPeer {
    private static final HexFormat HEX = HexFormat.of();
    private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

    private final Map<String, Party> parties = new HashMap<>();

    public static void main(String[] args) throws Exception {
        DtlsConfig.register();
        ScandiumPeer peer = new ScandiumPeer();
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            String[] words = line.trim().split("\\s+");
            try {
                peer.run(words);
            } catch (Exception error) {
                say((words.length > 1 ? words[1] : words[0]) + " error " + error);
            }
        }
        System.exit(0);
    }

    private void run(String[] words) throws Exception {
        switch (words[0]) {
            case "suites" -> say("version " + StringUtil.CALIFORNIUM_VERSION + ", suites " + suites());
            case "server" -> parties.put(words[1], new Party(words[1], true, settings(words)));
            case "client" -> parties.put(words[1], new Party(words[1], false, settings(words)));
            case "say" -> parties.get(words[1]).send(HEX.parseHex(words[2]));
            case "close" -> parties.get(words[1]).close();
            case "end" -> {
                Party party = parties.remove(words[1]);
                if (party != null) party.end();
                say(words[1] + " ended");
            }
            default -> throw new IllegalArgumentException("no such command");
        }
    }

    private static String suites() {
        List<String> codes = new ArrayList<>();
        for (CipherSuite suite : CipherSuite.values()) {
            if (suite.isPskBased() && suite.isSupported()) codes.add(code(suite));
        }
        return String.join(" ", codes);
    }

    /** A client or a server. */
    private static final class Party {
        private final String name;
        private final DTLSConnector connector;
        private final File sessions;
        private final AtomicInteger received = new AtomicInteger();
        private volatile EndpointContext peer;

        Party(String name, boolean server, Map<String, String> settings) throws Exception {
            this.name = name;
            int port = Integer.parseInt(settings.remove("port"));
            String identity = settings.remove("identity");
            byte[] key = HEX.parseHex(settings.remove("key"));
            String file = settings.remove("session");
            sessions = file == null ? null : new File(file);
            boolean echo = Boolean.parseBoolean(settings.remove("echo"));
            DtlsConnectorConfig.Builder builder = DtlsConnectorConfig.builder(configuration(server, settings));
            builder.setAddress(new InetSocketAddress(LOOPBACK, server ? port : 0)).setLoggingTag(name);
            if (server) {
                AdvancedMultiPskStore store = new AdvancedMultiPskStore();
                store.setKey(identity, key);
                builder.setAdvancedPskStore(store);
            } else {
                builder.setAdvancedPskStore(new AdvancedSinglePskStore(identity, key));
            }
            builder.setSessionListener(new Sessions(name, address -> peer = new AddressEndpointContext(address)));
            connector = new DTLSConnector(builder.build());
            connector.setAlertHandler((from, alert) -> say(String.format(
                "%s alert %s %d %s", name, alert.getLevel(), alert.getDescription().getCode(), alert.getDescription())));
            connector.setEndpointContextMatcher(new OnlyHandshake());
            connector.setRawDataReceiver(raw -> {
                peer = raw.getEndpointContext();
                say(name + " received #" + received.incrementAndGet() + " " + HEX.formatHex(raw.getBytes()));
                if (echo) send(raw.getBytes());
            });
            boolean resumes = load();
            connector.start();
            if (server) {
                say(name + " listening");
            } else {
                peer = new AddressEndpointContext(new InetSocketAddress(LOOPBACK, port));
                connector.send(RawData.outbound(new byte[] {0}, OnlyHandshake.mark(peer, resumes), new Failures(name), false));
            }
        }

        void send(byte[] data) {
            connector.send(RawData.outbound(data, peer, new Failures(name), false));
        }

        void close() {
            connector.close(peer.getPeerAddress());
        }

        void end() throws IOException {
            connector.stop();
            if (sessions != null) {
                try (OutputStream out = new FileOutputStream(sessions)) {
                    connector.saveConnections(out, 60);
                }
            }
            connector.destroy();
        }

        private boolean load() throws IOException {
            if (sessions == null || !sessions.exists()) return false;
            try (InputStream in = new FileInputStream(sessions)) {
                return connector.loadConnections(in, 0) > 0;
            }
        }
    }

    /** Holds back the data that only starts a handshake: Scandium has no other way to start one. */
    private static final class OnlyHandshake extends RelaxedDtlsEndpointContextMatcher {
        private static final Definition<Boolean> MARK =
            new Definition<>("HANDSHAKE_ONLY", Boolean.class, MapBasedEndpointContext.ATTRIBUTE_DEFINITIONS);

        /** With a connection that was there before, a new handshake for its session has to be asked for. */
        static EndpointContext mark(EndpointContext peer, boolean resumes) {
            MapBasedEndpointContext.Attributes attributes = new MapBasedEndpointContext.Attributes().add(MARK, true);
            if (resumes) attributes.add(DtlsEndpointContext.KEY_HANDSHAKE_MODE, DtlsEndpointContext.HANDSHAKE_MODE_FORCE);
            return new MapBasedEndpointContext(peer.getPeerAddress(), null, attributes);
        }

        @Override
        public boolean isToBeSent(EndpointContext message, EndpointContext connection) {
            return connection == null || !Boolean.TRUE.equals(message.get(MARK));
        }
    }

    private record Sessions(String name, Consumer<InetSocketAddress> peers) implements SessionListener {
        @Override
        public void handshakeStarted(Handshaker handshaker) {}

        /** Where data can be sent. A server does not call a handshake completed before the client has shown that it got its Finished. */
        @Override
        public void contextEstablished(Handshaker handshaker, DTLSContext context) {
            peers.accept(handshaker.getPeerAddress());
            DTLSSession session = context.getSession();
            boolean abbreviated = handshaker instanceof ResumingClientHandshaker || handshaker instanceof ResumingServerHandshaker;
            say(name + " established " + code(session.getCipherSuite()) + " ems=" + session.useExtendedMasterSecret()
                + " resumed=" + (abbreviated && !handshaker.isFullHandshake()));
        }

        @Override
        public void handshakeCompleted(Handshaker handshaker) {}

        @Override
        public void handshakeFailed(Handshaker handshaker, Throwable error) {
            say(name + " failed " + error.getMessage());
        }

        @Override
        public void handshakeFlightRetransmitted(Handshaker handshaker, int flight) {
            say(name + " repeats flight " + flight);
        }
    }

    private record Failures(String name) implements MessageCallback {
        @Override
        public void onConnecting() {}

        @Override
        public void onDtlsRetransmission(int flight) {}

        @Override
        public void onContextEstablished(EndpointContext context) {}

        @Override
        public void onSent() {}

        @Override
        public void onError(Throwable error) {
            if (!(error instanceof EndpointMismatchException)) say(name + " failed " + error.getMessage());
        }
    }

    private static Configuration configuration(boolean server, Map<String, String> settings) {
        Configuration configuration = Configuration.createStandardWithoutFile();
        configuration.set(DtlsConfig.DTLS_ROLE, server ? DtlsConfig.DtlsRole.SERVER_ONLY : DtlsConfig.DtlsRole.CLIENT_ONLY);
        configuration.set(DtlsConfig.DTLS_RECOMMENDED_CIPHER_SUITES_ONLY, false);
        configuration.set(DtlsConfig.DTLS_RECEIVER_THREAD_COUNT, 1);
        configuration.set(DtlsConfig.DTLS_CONNECTOR_THREAD_COUNT, 1);
        // Timers such as a test can wait for: 200 ms, doubling up to 800 ms.
        configuration.set(DtlsConfig.DTLS_RETRANSMISSION_TIMEOUT, 200, TimeUnit.MILLISECONDS);
        configuration.set(DtlsConfig.DTLS_MAX_RETRANSMISSION_TIMEOUT, 800, TimeUnit.MILLISECONDS);
        configuration.set(DtlsConfig.DTLS_ADDITIONAL_ECC_TIMEOUT, 0, TimeUnit.MILLISECONDS);
        configuration.set(DtlsConfig.DTLS_MAX_RETRANSMISSIONS, 12);
        settings.forEach((key, value) -> {
            switch (key) {
                case "suite" ->
                    configuration.setAsList(DtlsConfig.DTLS_CIPHER_SUITES, CipherSuite.getTypeByCode(Integer.decode(value)));
                case "mtu" -> {
                    configuration.set(DtlsConfig.DTLS_MAX_TRANSMISSION_UNIT, Integer.valueOf(value));
                    configuration.set(DtlsConfig.DTLS_MAX_TRANSMISSION_UNIT_LIMIT, Integer.valueOf(value));
                }
                case "cookies" -> {
                    configuration.set(DtlsConfig.DTLS_USE_HELLO_VERIFY_REQUEST, Boolean.valueOf(value));
                    configuration.set(DtlsConfig.DTLS_USE_HELLO_VERIFY_REQUEST_FOR_PSK, Boolean.valueOf(value));
                }
                case "ems" -> configuration.set(DtlsConfig.DTLS_EXTENDED_MASTER_SECRET_MODE, ExtendedMasterSecretMode.valueOf(value));
                case "cid" -> configuration.set(DtlsConfig.DTLS_CONNECTION_ID_LENGTH, Integer.valueOf(value));
                case "draftExtension" -> configuration.set(DtlsConfig.DTLS_USE_DEPRECATED_CID, Integer.valueOf(value));
                case "recordSizeLimit" -> configuration.set(DtlsConfig.DTLS_RECORD_SIZE_LIMIT, Integer.valueOf(value));
                case "maxFragmentLength" ->
                    configuration.set(DtlsConfig.DTLS_MAX_FRAGMENT_LENGTH, MaxFragmentLengthExtension.Length.valueOf("BYTES_" + value));
                case "messagesInOneRecord" ->
                    configuration.set(DtlsConfig.DTLS_USE_MULTI_HANDSHAKE_MESSAGE_RECORDS, Boolean.valueOf(value));
                case "recordsInOneDatagram" ->
                    configuration.set(DtlsConfig.DTLS_USE_MULTI_RECORD_MESSAGES, Boolean.valueOf(value));
                default -> throw new IllegalArgumentException("no such setting: " + key);
            }
        });
        return configuration;
    }

    private static Map<String, String> settings(String[] words) {
        Map<String, String> settings = new HashMap<>();
        for (int i = 2; i < words.length; i++) {
            int equals = words[i].indexOf('=');
            settings.put(words[i].substring(0, equals), words[i].substring(equals + 1));
        }
        return settings;
    }

    private static String code(CipherSuite suite) {
        return String.format("0x%04x", suite.getCode());
    }

    private static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
