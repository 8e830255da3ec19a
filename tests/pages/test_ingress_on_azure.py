"""What Azure makes of routes, on the page Ingress routes."""

from tests.pages.app import open_page, table, words


def test_controllers_are_shown_with_their_support_and_the_way_of_a_packet() -> None:
    shown = words(open_page("ingress_routes"))
    assert "November 2026" in shown and "NGINX pods (app-routing-system) → backend pod" in shown
    assert "The sources differ" not in shown


def test_records_follow_the_zones_of_the_link() -> None:
    page = open_page("ingress_routes", zones="example.com")
    rows = table(page, "host", "record", "zone")
    assert set(rows["zone"]) == {"example.com"} and set(rows["written"]) == {"written"}
    assert "written" in words(page)
    without = table(open_page("ingress_routes"), "host", "record", "written")
    assert set(without["written"]) == {"zones not given"}


def test_a_public_and_a_private_zone_of_one_name_are_told_apart() -> None:
    page = open_page("ingress_routes", zones="public:example.com, private:example.com")
    rows = table(page, "host", "record", "zone")
    assert set(rows["zone_kind"]) == {"public", "private"} and len(rows) == 2 * len(set(rows["host"]))
    assert f"{len(rows)} DNS records that the hosts need: {len(rows)} are written for you" in words(page)


def test_what_is_no_zone_is_told_and_does_not_count() -> None:
    for wrong in ("<b>x</b>, ![x](http://evil.example/x.png)", "privat:example.com", "https://shop.example.com"):
        page = open_page("ingress_routes", zones=wrong)
        assert set(table(page, "host", "record", "written")["written"]) == {"zones not given"}
        assert all("is no DNS zone" in error.value for error in page.error) and page.error
    other = open_page("ingress_routes", zones="public:other.example")
    assert set(table(other, "host", "record", "written")["written"]) == {"outside the zones"} and not other.error
