"""The report in a real browser, from the file, with no network."""

import shutil
from pathlib import Path

import pytest

from gradcheck.report.html import to_html

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed: pip install 'gradcheck[test]'")

from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import Select  # noqa: E402

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (BROWSER and DRIVER), reason="Chromium is not installed: apt-get install chromium-driver"
)

FLAGS = [
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"),
    *("--disable-component-update", "--disable-sync", "--window-size=1280,900"),
    # Whatever asks for the network is sent nowhere.
    "--host-resolver-rules=MAP * ~NOTFOUND",
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def page(browser, report, tmp_path):
    path = Path(tmp_path, "index.html")
    path.write_text(to_html(report), encoding="utf-8")
    browser.get("about:blank")
    browser.get(path.as_uri())
    return browser


def shown(page):
    rows = page.find_elements(By.CSS_SELECTOR, ".matrix tbody tr")
    return [row.get_attribute("data-name").removeprefix("lib.") for row in rows if row.is_displayed()]


def opened(page):
    return [s.get_attribute("aria-label") for s in page.find_elements(By.CSS_SELECTOR, ".case") if s.is_displayed()]


def press(page, *keys):
    for key in keys:
        page.switch_to.active_element.send_keys(key)


def test_the_page_opens_without_an_error_and_shows_every_case(page, report):
    assert page.get_log("browser") == []
    assert len(shown(page)) == len(report.entries)
    assert opened(page) == []


def test_searching_filters_the_matrix(page):
    page.find_element(By.ID, "search").send_keys("linear Matmul tall")
    assert shown(page) == ["linear.matmul[tall]"]
    assert page.find_element(By.ID, "shown").text == "1 of 8"
    page.find_element(By.ID, "search").send_keys("zzz")
    assert page.find_element(By.ID, "none").is_displayed()


def test_a_verdict_filters_the_matrix_and_clear_undoes_it(page):
    page.find_element(By.CSS_SELECTOR, ".total.fail").click()
    assert shown(page) == ["linear.matmul[wide]"]
    page.find_element(By.CSS_SELECTOR, ".total.error").click()
    assert shown(page) == ["linear.matmul[wide]", "losses.raises"]
    page.find_element(By.CSS_SELECTOR, "button[type=reset]").click()
    page.implicitly_wait(1)
    assert page.find_elements(By.XPATH, "//output[text()='8 of 8']")
    assert len(shown(page)) == 8


@pytest.mark.parametrize(
    ("choices", "names"),
    [
        ({"module": "lib.losses"}, ["losses.mse", "losses.raises"]),
        ({"oracle": "symbolic", "stance": "for"}, ["exp"]),
        ({"stance": "against"}, ["linear.matmul[wide]", "linear.matmul[tall]"]),
        ({"oracle": "differences"}, ["exp"]),
        ({"module": "lib.linear", "oracle": "exact", "stance": "undecided"}, []),
    ],
)
def test_module_oracle_and_stance_filter_the_matrix(page, choices, names):
    for field, value in choices.items():
        Select(page.find_element(By.ID, field)).select_by_value(value)
    assert shown(page) == names


def test_a_click_on_a_row_opens_the_case_and_escape_closes_it(page):
    page.find_element(By.CSS_SELECTOR, "tr[data-name='lib.linear.matmul[wide]'] .pill").click()
    assert opened(page) == ["lib.linear.matmul[wide]"]
    assert page.current_url.endswith("#case-lib.linear.matmul-wide")
    section = page.find_element(By.CSS_SELECTOR, ".case:target")
    assert "Your dx is fail." in section.text
    assert "dx[1]" in section.text
    press(page, Keys.ESCAPE)
    assert opened(page) == []


def test_a_case_has_an_address_of_its_own(page):
    page.get(page.current_url + "#case-lib.activations.relu")
    assert opened(page) == ["lib.activations.relu"]
    assert page.find_element(By.CSS_SELECTOR, ".case:target math").is_displayed()
    assert page.find_element(By.CSS_SELECTOR, ".case:target svg").is_displayed()


def test_the_keyboard_is_enough(page):
    press(page, "/")
    press(page, *"matmul", Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ENTER)
    assert opened(page) == ["lib.linear.matmul[tall]"]
    press(page, Keys.ARROW_LEFT)
    assert opened(page) == ["lib.linear.matmul[wide]"]
    press(page, Keys.ESCAPE)
    assert opened(page) == []
    assert page.switch_to.active_element.text.endswith("matmul[wide]")


@pytest.mark.parametrize(
    ("heading", "first"), [("case", "activations.relu"), ("time", "worked.step"), ("verdict", "linear.matmul[tall]")]
)
def test_a_heading_sorts_the_matrix_both_ways(page, heading, first):
    button = page.find_element(By.XPATH, f"//th/button[text()='{heading}']")
    button.click()
    up = shown(page)
    assert up[0] == first
    button.click()
    assert shown(page) != up


@pytest.mark.parametrize("width", [1280, 700, 380])
def test_the_page_fits_its_window(page, width):
    page.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    )
    assert page.execute_script("return document.documentElement.scrollWidth") <= width
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
