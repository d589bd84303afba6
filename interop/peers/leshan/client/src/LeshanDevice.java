import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.eclipse.californium.elements.config.Configuration;
import org.eclipse.californium.scandium.config.DtlsConfig;
import org.eclipse.californium.scandium.dtls.cipher.CipherSuite;
import org.eclipse.leshan.client.LeshanClient;
import org.eclipse.leshan.client.LeshanClientBuilder;
import org.eclipse.leshan.client.californium.endpoint.CaliforniumClientEndpointsProvider;
import org.eclipse.leshan.client.californium.endpoint.coaps.CoapsClientProtocolProvider;
import org.eclipse.leshan.client.object.Device;
import org.eclipse.leshan.client.object.Security;
import org.eclipse.leshan.client.object.Server;
import org.eclipse.leshan.client.observer.LwM2mClientObserverAdapter;
import org.eclipse.leshan.client.resource.ObjectsInitializer;
import org.eclipse.leshan.client.servers.LwM2mServer;
import org.eclipse.leshan.core.LwM2mId;
import org.eclipse.leshan.core.ResponseCode;
import org.eclipse.leshan.core.model.ObjectModel;
import org.eclipse.leshan.core.request.DeregisterRequest;
import org.eclipse.leshan.core.request.RegisterRequest;
import org.eclipse.leshan.core.request.UpdateRequest;
import org.eclipse.leshan.core.request.argument.Arguments;
import org.eclipse.leshan.core.response.ExecuteResponse;
import org.eclipse.leshan.core.response.ReadResponse;

/**
 * A device on Leshan's client library, with the objects Security, Server and Device.
 *
 * Arguments: endpoint, server URI, identity, key in hexadecimal, lifetime in seconds. Commands come on standard input, one a line:
 *
 *   battery LEVEL   the battery's level changes
 *   update          sends an Update
 *   stop            deregisters and ends
 */
public final class LeshanDevice {
    private static final int SERVER_ID = 123;
    private static final int REBOOT = 4;
    private static final int BATTERY_LEVEL = 9;

    public static void main(String[] args) throws Exception {
        Battery device = new Battery();
        byte[] identity = args[2].getBytes(StandardCharsets.UTF_8);
        ObjectsInitializer objects = new ObjectsInitializer();
        objects.setInstancesForObject(
            LwM2mId.SECURITY, Security.psk(args[1], SERVER_ID, identity, HexFormat.of().parseHex(args[3])));
        objects.setInstancesForObject(LwM2mId.SERVER, new Server(SERVER_ID, Long.parseLong(args[4])));
        objects.setInstancesForObject(LwM2mId.DEVICE, device);

        LeshanClient client = new LeshanClientBuilder(args[0])
            .setObjects(objects.createAll())
            .setEndpointsProviders(endpoints())
            .build();
        client.addObserver(new Events());
        client.start();

        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        for (String line = input.readLine(); line != null && !line.equals("stop"); line = input.readLine()) {
            String[] words = line.split(" ");
            switch (words[0]) {
                case "battery" -> device.set(Integer.parseInt(words[1]));
                case "update" -> client.triggerRegistrationUpdate();
                default -> say("no such command: " + line);
            }
        }
        client.destroy(true);
        say("ended");
        System.exit(0);
    }

    /** DTLS on loopback with the two suites of LwM2M 1.0; by default Leshan leaves the second out. */
    private static CaliforniumClientEndpointsProvider endpoints() {
        CaliforniumClientEndpointsProvider.Builder builder =
            new CaliforniumClientEndpointsProvider.Builder(new CoapsClientProtocolProvider());
        Configuration configuration = builder.createDefaultConfiguration();
        configuration.set(DtlsConfig.DTLS_RECOMMENDED_CIPHER_SUITES_ONLY, false);
        // It uses a connection ID of the server's, if that gives one, and needs none itself.
        configuration.set(DtlsConfig.DTLS_CONNECTION_ID_LENGTH, 0);
        configuration.setAsList(
            DtlsConfig.DTLS_CIPHER_SUITES,
            CipherSuite.TLS_PSK_WITH_AES_128_CCM_8,
            CipherSuite.TLS_PSK_WITH_AES_128_CBC_SHA256);
        return builder.setConfiguration(configuration).setClientAddress(InetAddress.getLoopbackAddress()).build();
    }

    /** Leshan's Device object, and a battery in it. Public, because Leshan makes instances of it by reflection. */
    public static final class Battery extends Device {
        private volatile int level = 100;

        public Battery() {
            super("Eclipse", "leshan", "1");
        }

        void set(int newLevel) {
            level = newLevel;
            fireResourceChange(BATTERY_LEVEL);
        }

        @Override
        public ReadResponse read(LwM2mServer server, int resource) {
            return resource == BATTERY_LEVEL ? ReadResponse.success(resource, level) : super.read(server, resource);
        }

        @Override
        public ExecuteResponse execute(LwM2mServer server, int resource, Arguments arguments) {
            if (resource != REBOOT) return super.execute(server, resource, arguments);
            say("rebooting");
            return ExecuteResponse.success();
        }

        @Override
        public List<Integer> getAvailableResourceIds(ObjectModel model) {
            List<Integer> all = new ArrayList<>(super.getAvailableResourceIds(model));
            if (!all.contains(BATTERY_LEVEL)) all.add(BATTERY_LEVEL);
            return all;
        }
    }

    private static final class Events extends LwM2mClientObserverAdapter {
        @Override
        public void onRegistrationSuccess(LwM2mServer server, RegisterRequest request, String id) {
            say("registered " + id);
        }

        @Override
        public void onRegistrationFailure(
            LwM2mServer server, RegisterRequest request, ResponseCode code, String text, Exception cause) {
            say("not registered: " + code + " " + text + " " + cause);
        }

        @Override
        public void onRegistrationTimeout(LwM2mServer server, RegisterRequest request) {
            say("not registered: no answer");
        }

        @Override
        public void onUpdateSuccess(LwM2mServer server, UpdateRequest request) {
            say("updated");
        }

        @Override
        public void onDeregistrationSuccess(LwM2mServer server, DeregisterRequest request) {
            say("deregistered");
        }

        @Override
        public void onUnexpectedError(Throwable error) {
            say("error " + error);
        }
    }

    private static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
