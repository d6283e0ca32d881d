// Émet une pièce arrivée vers Écluse, avec Java 17 et rien d'autre.
//
//   java Emettre.java http://127.0.0.1:8080 data/local-token
//   ECLUSE_URL=https://ecluse.example ECLUSE_JETON=… java Emettre.java
//
// Sort avec 0 si la porte a pris l'événement.

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.UUID;

public class Emettre {
    private static final int ESSAIS = 5;

    public static void main(String[] arguments) throws IOException, InterruptedException {
        String url = arguments.length > 0 ? arguments[0] : System.getenv("ECLUSE_URL");
        String jeton = arguments.length > 1 ? Files.readString(Path.of(arguments[1])).strip() : System.getenv("ECLUSE_JETON");
        if (url == null || jeton == null) {
            System.err.println("donner une adresse et un fichier de jeton, ou ECLUSE_URL et ECLUSE_JETON");
            System.exit(2);
        }
        HttpRequest requete = HttpRequest.newBuilder(URI.create(url + "/v1/evenements"))
                .timeout(Duration.ofSeconds(30))
                .header("Authorization", "Bearer " + jeton)
                .header("Content-Type", "application/cloudevents+json")
                .POST(BodyPublishers.ofString(writeEvent(), UTF_8))
                .build();
        HttpResponse<String> reponse = sendUntilAnswered(requete);
        new PrintStream(System.out, true, UTF_8).println(reponse.body());
        System.exit(reponse.statusCode() == 202 ? 0 : 1);
    }

    private static String writeEvent() {
        String maintenant = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
        return """
                {
                  "specversion": "1.0",
                  "id": "%1$s",
                  "source": "/exemples/java",
                  "type": "fr.caf.piece.arrivee.v1",
                  "subject": "D-exemple",
                  "time": "%2$s",
                  "caf": "091",
                  "data": {
                    "piece": "P-%1$s",
                    "nature": "demande_rsa",
                    "canal": "web",
                    "arrivee_le": "%2$s",
                    "minima_sociaux": true
                  }
                }
                """.formatted(UUID.randomUUID(), maintenant);
    }

    // Le même événement, avec le même id, se renvoie sans danger : la porte reconnaît (source, id).
    private static HttpResponse<String> sendUntilAnswered(HttpRequest requete) throws IOException, InterruptedException {
        HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(Duration.ofSeconds(10))
                .build();
        for (int essai = 1; ; essai++) {
            try {
                HttpResponse<String> reponse = client.send(requete, BodyHandlers.ofString(UTF_8));
                if ((reponse.statusCode() < 500 && reponse.statusCode() != 429) || essai == ESSAIS) {
                    return reponse;
                }
            } catch (IOException erreur) {
                if (essai == ESSAIS) {
                    throw erreur;
                }
            }
            Thread.sleep(200L << essai);
        }
    }
}
