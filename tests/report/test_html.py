import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from conftest import GRAPH

from gradcheck.graphs import Graph
from gradcheck.report.drawing import to_svg
from gradcheck.report.html import addresses, to_html
from gradcheck.report.layout import layout
from gradcheck.report.source import formulas, highlight
from gradcheck.results import Accuracy


class Page(HTMLParser):
    """The elements of a page: tags with attributes, and whether they nest."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in ("meta", "link", "input"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, tag, **wanted):
        return [a for t, a in self.elements if t == tag and all(a.get(k) == v for k, v in wanted.items())]


@pytest.fixture
def text(report):
    return to_html(report)


@pytest.fixture
def page(text):
    return Page(text)


def test_the_page_is_well_formed_and_the_same_each_time(page, text, report):
    assert page.open == []
    assert to_html(report) == text


def test_nothing_outside_the_file_is_asked_for(page, text):
    assert not re.search(r"""(src|href|action)=["']?(https?:|//|file:)|@import|url\(""", text)
    assert [a["href"] for a in page.all("link")] == ["data:,"]


def test_what_came_from_outside_cannot_become_markup(page, text):
    assert len(page.all("script")) == 1
    assert "alert(2)" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "&lt;Somebody&gt;" in text


def test_each_case_has_a_row_that_leads_to_its_section(page, report):
    links = [a["href"] for a in page.all("a") if a["href"].startswith("#case-") and "class" not in a]
    sections = ["#" + a["id"] for a in page.all("section") if a.get("class") == "case"]
    assert links == sections
    assert len(set(links)) == len(report.entries)


def test_rows_carry_what_filters_ask_for(page):
    (row,) = page.all("tr", **{"data-name": "lib.linear.matmul[wide]"})
    assert (row["data-module"], row["data-outcome"]) == ("lib.linear", "fail")
    cells = [a for a in page.all("td") if a.get("data-oracle") == "exact"]
    stances = ["for", "against", "against", "undecided", "not asked", "undecided", "for", "for"]
    assert [a["data-stance"] for a in cells] == stances


@pytest.mark.parametrize(
    "part",
    ["<math", "y = a @ b", "jax is not installed", "lib.linear.matmul[wide]", "printed 0.25, true 0.26 (a slip)",
     "1 of 6", "condition-weighted ULPs", '<td class="num">2.5</td>', "Your dx is fail.", "scikit-learn is not installed",
     "gradcheck run lib -k lib.losses.mse", '<svg class="graph"', "About lib.activations.relu."],
)  # fmt: skip
def test_the_page_shows(text, part):
    assert part in text


def accurate(report, **accuracies):
    """A report of one case with these errors."""
    entry = report.entries[0]
    return to_html(replace(report, entries=(replace(entry, result=replace(entry.result, accuracy=accuracies)),)))


def test_an_error_does_not_stand_beside_the_best_possible_and_a_plain_one(report):
    half = Accuracy(7.18, 0.81, "x", (0, 1), 2.0, best=0.19, plain=0.75, dtype="float16")
    text = accurate(report, forward=replace(half, worst=0.78, argument="y"), gradient=half)
    for part in ("ULPs of float16", ">best possible</th>", ">0.19</td>", ">plain NumPy</th>", ">0.75</td>"):
        assert part in text
    # The one beyond its budget is marked.
    assert re.findall(r'class="num over">([^<]*)<', text) == ["7.18"]
    assert (">y[0, 1]</td>" in text, ">dx[0, 1]</td>" in text) == (True, True)
    double = accurate(report, gradient=Accuracy(3.0, 1.0, "x", ()))
    assert "best possible" not in double
    assert "plain NumPy" not in double


def test_a_budget_that_follows_a_plain_evaluation_is_listed_as_stated(report):
    half = Accuracy(1.0, 0.5, "x", (0,), 2.5, best=0.2, plain=1.25, dtype="float16")
    assert "Budgets of accuracy other" not in accurate(report, gradient=half)
    assert "Budgets of accuracy other" in accurate(report, gradient=replace(half, budget=64.0))


def test_names_that_look_alike_have_addresses_of_their_own():
    assert addresses(["f[a b]", "f[a-b]", "g"]) == ["case-f-a-b", "case-f-a-b--2", "case-g"]


def test_an_empty_report_says_so(report):
    text = to_html(replace(report, entries=(), meta=replace(report.meta, oracles=(), not_asked=())))
    assert "Nothing was checked." in text
    assert Page(text).open == []


def test_evidence_about_no_point_is_shown_too(report):
    entry = report.entries[1]
    nowhere = replace(entry.result, evidence=tuple(replace(e, point="") for e in entry.result.evidence), points=())
    assert "the whole case" in to_html(replace(report, entries=(replace(entry, result=nowhere),)))


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("@rule\n", '<span class="de">@</span>rule\n'),
        ("def f(x):\n    return x @ 1.5  # why\n",
         '<span class="kw">def</span> f(x):\n    <span class="kw">return</span> x @ <span class="nu">1.5</span>'
         '  <span class="co"># why</span>\n'),
        ('x = """a\n<b>"""\n', 'x = <span class="st">&quot;&quot;&quot;a\n&lt;b&gt;&quot;&quot;&quot;</span>\n'),
        ("def f(:\n  '<'", "&#x27;&lt;"),
        ("", ""),
    ],
    ids=["decorator", "function", "text", "no python", "nothing"],
)  # fmt: skip
def test_source_is_coloured_and_escaped(source, html):
    assert html in highlight(source)
    assert re.sub(r"<[^>]*>", "", highlight(source)).count("\n") == source.count("\n")


@pytest.mark.parametrize(
    ("mathml", "made"),
    [
        ("<math><mi>x</mi></math>", ['<math display="block"><mi>x</mi></math>']),
        ('<math xmlns="http://www.w3.org/1998/Math/MathML"><mn>1</mn></math>', ['<math display="block"><mn>1</mn></math>']),
        ("<math><mi>&ExponentialE;</mi><mo>&InvisibleTimes;&lt;</mo></math>",
         ['<math display="block"><mi>e</mi><mo>\u2062&lt;</mo></math>']),
        ('<math><mi onclick="x()" mathvariant="bold">x</mi></math>', ['<math display="block"><mi mathvariant="bold">x</mi></math>']),
        ("<math><script>x</script></math>", []),
        ("<mi>x</mi>", []),
        ("y = x", []),
        ("<math><mi>&nosuch;</mi></math>", []),
        ("<math/>\n\n<math/>", ['<math display="block" />'] * 2),
    ],
)  # fmt: skip
def test_a_formula_is_mathml_and_nothing_else(mathml, made):
    assert formulas(mathml) == made


def test_a_graph_is_drawn_with_its_numbers():
    svg = to_svg(GRAPH)
    assert svg.count("<circle") == len(GRAPH.nodes)
    assert svg.count("<path") == len(GRAPH.edges)
    for edge in GRAPH.edges:
        assert f">{edge.value}</text>" in svg
        assert f">{edge.gradient}</text>" in svg


def test_a_graph_runs_from_left_to_right_without_anything_on_top_of_another():
    drawing = layout(GRAPH)
    assert all(drawing.at[e.source][0] < drawing.at[e.target][0] for e in GRAPH.edges)
    places = [*drawing.at.values(), *(p for route in drawing.routes for p in route.points[1:-1])]
    assert len(set(places)) == len(places)
    labels = [(x - r.width / 2, x + r.width / 2, y) for r in drawing.routes for x, y in [r.points[1]]]
    apart = [a[1] <= b[0] or b[1] <= a[0] or abs(a[2] - b[2]) >= 40 for i, a in enumerate(labels) for b in labels[:i]]
    assert all(apart)
    assert all(0 <= x <= drawing.width and 0 <= y <= drawing.height for x, y in places)


def test_a_graph_without_nodes_is_an_empty_drawing():
    assert to_svg(Graph((), ())).count("<path") == 0
