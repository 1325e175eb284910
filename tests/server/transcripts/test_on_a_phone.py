"""The page of a verdict in a real browser of a phone's size: what a stranger sees within two seconds."""

from tests.support.published import issue, pdf_of
from tests.support.sealing import flip

SCREEN = 844  # pixels of height; what lies above needs no scrolling


def page_of(server, made):
    return f"{server.base_url}/V/{made['verify_url'].rsplit('/V/', 1)[1]}"


def test_a_stranger_reads_the_verdict_without_scrolling(api, record, keys, serve, browser):
    made, server = issue(api, record), serve()
    browser.open(page_of(server, made))
    assert "VALID" in browser.text(".verdict")
    for words in (made["serial"], "STUDENT NAME ONE", "3.17"):
        assert words in browser.text("main")
    verdict, facts = browser.box(".verdict"), browser.box("dl")
    assert verdict["y"] + verdict["height"] < SCREEN / 3
    assert facts["y"] + facts["height"] < SCREEN
    assert browser.run("return document.documentElement.scrollWidth <= window.innerWidth"), "scrolls sideways"
    assert browser.run("return performance.getEntriesByType('resource').length") == 0, "loads something"
    assert browser.run("return document.scripts.length") == 0


def test_a_withdrawn_document_is_told_in_the_same_place(api, record, keys, serve, browser):
    made, server = issue(api, record), serve()
    api.as_("registrar").post(f"/api/transcripts/issued/{made['serial']}/revoke/", {"reason": "stolen"})
    browser.open(page_of(server, made))
    assert "REVOKED" in browser.text(".verdict")
    assert "VALID" not in browser.text(".verdict").split()


def test_a_stranger_types_the_code_or_sends_the_file(api, record, keys, serve, browser, tmp_path):
    made, server = issue(api, record), serve()
    check = api.as_("counter").get(f"/api/transcripts/issued/{made['serial']}/").json["check_code"]
    browser.open(f"{server.base_url}/verify/")
    browser.type("#code", f"{made['serial']}.{check}".lower())
    browser.click("form[method=get] button")
    assert "VALID" in browser.text(".verdict")

    genuine, altered = tmp_path / "genuine.pdf", tmp_path / "altered.pdf"
    genuine.write_bytes(pdf_of(api, made["serial"]))
    altered.write_bytes(flip(genuine.read_bytes(), 2000))
    for file, word in ((genuine, "GENUINE"), (altered, "ALTERED")):
        browser.click("a[href='/verify/']")
        browser.type("#file", str(file))
        browser.click("form[method=post] button")
        assert word in browser.text(".verdict")


def test_a_hostile_name_runs_nothing_in_the_browser(api, record, keys, serve, browser, university):
    name = "<img src=x onerror=\"document.title='taken'\">"
    university.run("UPDATE student SET name = %(name)s WHERE id = %(id)s", name=name, id=record.student)
    made, server = issue(api, record), serve()
    browser.open(page_of(server, made))
    assert name in browser.text("main")
    assert "taken" not in browser.run("return document.title")
    # Were a script ever to slip in, the page's own policy stops it.
    browser.run(
        "var s = document.createElement('script'); s.text = \"document.title='taken'\";"
        "document.body.append(s)"
    )
    assert "taken" not in browser.run("return document.title")
    assert any("Content Security Policy" in said for said in browser.complaints())
