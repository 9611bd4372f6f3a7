import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Properties;

/** What Arrow's JDBC driver for Flight SQL makes of the server. Arguments: port, token, certificate. The store is that of flight.py. */
public final class FlightSql {
  private static final List<String> mistakes = new ArrayList<>();

  public static void main(String[] arguments) throws Exception {
    String address = "jdbc:arrow-flight-sql://127.0.0.1:" + arguments[0] + "/?useEncryption=true&tlsRootCerts=" + arguments[2];
    Properties bearer = new Properties();
    bearer.put("token", arguments[1]);
    try (Connection connection = DriverManager.getConnection(address, bearer)) {
      metadata(connection.getMetaData());
      statements(connection);
    }
    Properties password = new Properties();
    password.put("user", "anybody");
    password.put("password", arguments[1]);
    try (Connection connection = DriverManager.getConnection(address, password);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select count(*) from events")) {
      same("by password", rows.next() ? rows.getLong(1) : -1, 20L);
    }
    password.put("password", "ctw_guessed");
    try (Connection connection = DriverManager.getConnection(address, password);
        Statement statement = connection.createStatement()) {
      statement.executeQuery("select 1");
      mistakes.add("a guessed token is let in");
    } catch (SQLException refused) {
      // So it must be.
    }
    mistakes.forEach(mistake -> System.out.println("WRONG " + mistake));
    System.out.println("Flight SQL by JDBC: " + mistakes.size() + " wrong");
    System.exit(mistakes.isEmpty() ? 0 : 1);
  }

  private static void metadata(DatabaseMetaData metadata) throws SQLException {
    same("product", metadata.getDatabaseProductName(), "Customer Telemetry");
    same("read only", metadata.isReadOnly(), true);
    List<String> tables = column(metadata.getTables(null, null, "%", new String[] {"TABLE", "VIEW"}), "TABLE_NAME");
    for (String name : new String[] {"events", "sessions", "friction"}) {
      same(name + " among the tables", tables.contains(name), true);
    }
    same("columns", column(metadata.getColumns(null, null, "events", "occurred_at"), "COLUMN_NAME"), Arrays.asList("occurred_at"));
    same("schemas", column(metadata.getSchemas(), "TABLE_SCHEM"), Arrays.asList("public"));
    same("catalogs", column(metadata.getCatalogs(), "TABLE_CAT"), Arrays.asList("telemetry"));
    same("types of tables", column(metadata.getTableTypes(), "TABLE_TYPE"), Arrays.asList("TABLE", "VIEW"));
    same("keys", column(metadata.getPrimaryKeys(null, null, "events"), "COLUMN_NAME").size(), 0);
    same("foreign keys", column(metadata.getImportedKeys(null, null, "events"), "FK_NAME").size(), 0);
  }

  private static void statements(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select type, count(*) as n from events group by 1 order by 1")) {
      same("a row", rows.next(), true);
      same("text", rows.getString("type"), "click");
      same("number", rows.getLong("n"), 10L);
      same("another", rows.next(), true);
      same("no more", rows.next(), false);
    }
    String sql = "select seq, occurred_at, tab_id from pointer where seq >= ? and tab_id = ? order by seq";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int turn = 0; turn < 6; turn++) {
        statement.setLong(1, turn);
        statement.setString(2, "t1");
        try (ResultSet rows = statement.executeQuery()) {
          same("a row", rows.next(), true);
          long seq = turn % 2 == 0 ? turn + 1 : turn;
          same("seq", rows.getLong(1), seq);
          same("time", rows.getTimestamp(2).toInstant().getEpochSecond(), 1795176000L + seq);
          same("text", rows.getString(3), "t1");
        }
      }
    }
    int count = 0;
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select value from generate_series(1, 50000) order by 1")) {
      while (rows.next()) {
        count++;
        if (rows.getLong(1) != count) {
          mistakes.add("row " + count + " is " + rows.getLong(1));
          break;
        }
      }
    }
    same("rows", count, 50000);
    for (String wrong : new String[] {"select * from nothing", "delete from events", "select 1/0"}) {
      try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery(wrong)) {
        while (rows.next()) {
          mistakes.add(wrong + " is answered");
        }
        mistakes.add(wrong + " does not fail");
      } catch (SQLException failed) {
        // So it must be.
      }
    }
  }

  private static List<String> column(ResultSet rows, String name) throws SQLException {
    List<String> values = new ArrayList<>();
    try (rows) {
      while (rows.next()) {
        values.add(rows.getString(name));
      }
    }
    return values;
  }

  private static void same(String what, Object got, Object wanted) {
    if (!Objects.equals(got, wanted)) {
      mistakes.add(what + ": " + got + " instead of " + wanted);
    }
  }
}
