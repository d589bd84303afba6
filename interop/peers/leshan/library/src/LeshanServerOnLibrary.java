import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.HexFormat;
import org.eclipse.californium.scandium.config.DtlsConfig;
import org.eclipse.californium.scandium.config.DtlsConnectorConfig;
import org.eclipse.californium.scandium.dtls.DTLSContext;
import org.eclipse.californium.scandium.dtls.Handshaker;
import org.eclipse.californium.scandium.dtls.ResumingServerHandshaker;
import org.eclipse.californium.scandium.dtls.SessionListener;
import org.eclipse.leshan.core.endpoint.Protocol;
import org.eclipse.leshan.core.node.LwM2mSingleResource;
import org.eclipse.leshan.core.observation.CompositeObservation;
import org.eclipse.leshan.core.observation.Observation;
import org.eclipse.leshan.core.observation.SingleObservation;
import org.eclipse.leshan.core.request.ObserveRequest;
import org.eclipse.leshan.core.request.ReadRequest;
import org.eclipse.leshan.core.response.ObserveCompositeResponse;
import org.eclipse.leshan.core.response.ObserveResponse;
import org.eclipse.leshan.core.response.ReadResponse;
import org.eclipse.leshan.server.LeshanServer;
import org.eclipse.leshan.server.LeshanServerBuilder;
import org.eclipse.leshan.server.californium.endpoint.CaliforniumServerEndpointsProvider;
import org.eclipse.leshan.server.californium.endpoint.coaps.CoapsServerProtocolProvider;
import org.eclipse.leshan.server.observation.ObservationListener;
import org.eclipse.leshan.server.registration.Registration;
import org.eclipse.leshan.server.registration.RegistrationListener;
import org.eclipse.leshan.server.registration.RegistrationUpdate;
import org.eclipse.leshan.server.security.InMemorySecurityStore;
import org.eclipse.leshan.server.security.SecurityInfo;

/**
 * A server on Leshan's server library, on a port of loopback that the system chooses. It tells what happens, one event a line.
 *
 * Arguments: the length of connection IDs in bytes, or "none"; then endpoint, identity and key in hexadecimal of each device. Commands
 * come on standard input, one a line:
 *
 *   read ENDPOINT PATH      reads a resource with a single value
 *   observe ENDPOINT PATH   observes it
 *   stop                    ends
 */
public final class LeshanServerOnLibrary {
    private static final long PATIENCE = 20_000;

    public static void main(String[] args) throws Exception {
        InMemorySecurityStore keys = new InMemorySecurityStore();
        for (int at = 1; at < args.length; at += 3) {
            keys.add(SecurityInfo.newPreSharedKeyInfo(args[at], args[at + 1], HexFormat.of().parseHex(args[at + 2])));
        }
        LeshanServerBuilder builder = new LeshanServerBuilder();
        builder.setSecurityStore(keys);
        // A device with a connection ID may be anywhere: without this Leshan sends to where the last Register or Update came from.
        builder.setUpdateRegistrationOnNotification(!args[0].equals("none"));
        builder.setEndpointsProviders(endpoints(args[0]));
        LeshanServer server = builder.build();
        server.getRegistrationService().addListener(new Registrations());
        server.getObservationService().addListener(new Observations());
        server.start();
        say("listening " + server.getEndpoint(Protocol.COAPS).getURI().getPort());

        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        for (String line = input.readLine(); line != null && !line.equals("stop"); line = input.readLine()) {
            String[] words = line.split(" ");
            Registration device = words.length == 3 ? server.getRegistrationService().getByEndpoint(words[1]) : null;
            if (device == null) {
                say("no such command or device: " + line);
                continue;
            }
            switch (words[0]) {
                case "read" -> answer(words, server.send(device, new ReadRequest(words[2]), PATIENCE));
                case "observe" -> answer(words, server.send(device, new ObserveRequest(words[2]), PATIENCE));
                default -> say("no such command: " + line);
            }
        }
        server.destroy();
        say("ended");
        System.exit(0);
    }

    private static CaliforniumServerEndpointsProvider endpoints(String connectionId) {
        Integer length = connectionId.equals("none") ? null : Integer.valueOf(connectionId);
        return new CaliforniumServerEndpointsProvider.Builder(new CoapsServerProtocolProvider(LeshanServerOnLibrary::watch))
            .setConfiguration(configuration -> configuration.set(DtlsConfig.DTLS_CONNECTION_ID_LENGTH, length))
            .addEndpoint(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), Protocol.COAPS)
            .build();
    }

    private static void watch(DtlsConnectorConfig.Builder connector) {
        connector.setSessionListener(new Handshakes());
    }

    private static void answer(String[] words, ReadResponse response) {
        if (response == null) say(words[1] + " gave no answer: " + words[0] + " " + words[2]);
        else if (!response.isSuccess()) say(words[1] + " answered " + response.getCode() + ": " + words[0] + " " + words[2]);
        else say(words[1] + " " + words[0] + " " + words[2] + " " + value(response));
    }

    private static Object value(ReadResponse response) {
        return ((LwM2mSingleResource) response.getContent()).getValue();
    }

    private static final class Handshakes implements SessionListener {
        @Override
        public void handshakeStarted(Handshaker handshaker) {}

        @Override
        public void contextEstablished(Handshaker handshaker, DTLSContext context) {
            say((handshaker instanceof ResumingServerHandshaker ? "resumed" : "full") + " handshake");
        }

        @Override
        public void handshakeCompleted(Handshaker handshaker) {}

        @Override
        public void handshakeFailed(Handshaker handshaker, Throwable error) {
            say("handshake failed: " + error);
        }

        @Override
        public void handshakeFlightRetransmitted(Handshaker handshaker, int flight) {}
    }

    private static final class Registrations implements RegistrationListener {
        @Override
        public void registered(Registration registration, Registration before, Collection<Observation> observations) {
            say(registration.getEndpoint() + " registered from port " + registration.getPort());
        }

        @Override
        public void updated(RegistrationUpdate update, Registration registration, Registration before) {
            say(registration.getEndpoint() + " updated from port " + registration.getPort());
        }

        @Override
        public void unregistered(
            Registration registration, Collection<Observation> observations, boolean expired, Registration next) {
            say(registration.getEndpoint() + (expired ? " expired" : " deregistered"));
        }
    }

    private static final class Observations implements ObservationListener {
        @Override
        public void newObservation(Observation observation, Registration registration) {}

        @Override
        public void cancelled(Observation observation) {
            say("cancelled " + observation);
        }

        @Override
        public void onResponse(SingleObservation observation, Registration registration, ObserveResponse response) {
            String value = response.isSuccess() ? String.valueOf(value(response)) : response.getCode().toString();
            say(registration.getEndpoint() + " notified " + observation.getPath() + " " + value);
        }

        @Override
        public void onResponse(
            CompositeObservation observation, Registration registration, ObserveCompositeResponse response) {}

        @Override
        public void onError(Observation observation, Registration registration, Exception error) {
            say("error in " + observation + ": " + error);
        }
    }

    private static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
