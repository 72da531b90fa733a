"""What comes from shops does no harm, and nothing comes from anywhere else."""

from selenium.webdriver.common.by import By

from tests.web.page.opened_page import Page
from tests.web.page.served_site import HOSTILE_NAME, HOSTILE_URL, Site


def test_names_are_only_ever_text_and_links_only_lead_to_the_web(page: Page, site: Site) -> None:
    page.words(HOSTILE_NAME.split("=")[0].strip("<"))
    page.choose(site.hostile)
    page.settled()
    card = next(each for each in page.all(".hit") if HOSTILE_NAME in each.text)
    assert not card.find_elements(By.CSS_SELECTOR, ".body img")
    links = page.run("return [...document.querySelectorAll('.hits a')].map((a) => [a.href, a.rel, a.target])")
    assert links
    for href, rel, target in links:
        assert href.startswith(("http://", "https://"))
        assert (set(rel.split()), target) == ({"noopener", "noreferrer", "nofollow"}, "_blank")
    assert HOSTILE_URL not in page.browser.page_source


def test_scripts_links_refuse_what_is_no_web_address(page: Page) -> None:
    addresses = [
        "javascript:alert(1)",
        " JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//x.example",
        "",
        None,
    ]
    script = """const [addresses, done] = arguments;
        import('/static/dom.js').then(({ shopAddress }) => done(addresses.map(shopAddress)))"""
    assert page.run_async(script, addresses) == [""] * len(addresses)
    assert page.run_async(script, ["https://x.example/a?b=c"]) == ["https://x.example/a?b=c"]


def test_the_policy_lets_nothing_in(page: Page, site: Site) -> None:
    answer = page.run_async(
        """const done = arguments[0];
        const inline = document.createElement('script'); inline.textContent = 'window.hacked = 1';
        document.body.append(inline);
        const refused = [];
        document.addEventListener('securitypolicyviolation', (event) => refused.push(event.effectiveDirective));
        const image = new Image(); image.src = 'http://other.example/a.png';
        fetch('http://other.example/').then(() => done(['went']), () => setTimeout(() => done(refused), 200))"""
    )
    assert {"img-src", "connect-src"} <= set(answer)
    assert page.run("return window.hacked === undefined")
    page.forgive()
